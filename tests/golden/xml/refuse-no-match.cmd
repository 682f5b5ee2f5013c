virtprov-xml --edit target.dev=vdz --disk cache=none < rich.xml
