# such as an unset variable of a script leaves
virtprov-xml --remove-device --disk '' < plain.xml
