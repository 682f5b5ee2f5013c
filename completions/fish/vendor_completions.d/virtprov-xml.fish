# fish completion for virtprov-xml: `virtprov-xml --completion fish --install` puts it where fish looks for it,
# and `virtprov-xml --completion fish | source` uses it in this shell only.
function __virtprov_xml
    set -l words (commandline -opc)
    set -l current (string unescape -- (commandline -ct); or commandline -ct)
    set -l tool $words[1]
    set -e words[1]
    set -g __virtprov_xml_found ($tool --complete $words "$current" 2>/dev/null | string replace -r ' $' '')
    test (count $__virtprov_xml_found) -gt 0; or return 1
    test "$__virtprov_xml_found" = \t; and set -g __virtprov_xml_found
    return 0
end
complete -c virtprov-xml -n __virtprov_xml -f -a '$__virtprov_xml_found'
