# what is not edited keeps its letters: quotes, comments, declaration, line breaks in tags
virtprov-xml --edit --memory 2048 < rich.xml
