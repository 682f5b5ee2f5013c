# fish completion for virtprov-install: `virtprov-install --completion fish --install` puts it where fish looks for it,
# and `virtprov-install --completion fish | source` uses it in this shell only.
function __virtprov_install
    set -l words (commandline -opc)
    set -l current (string unescape -- (commandline -ct); or commandline -ct)
    set -l tool $words[1]
    set -e words[1]
    set -g __virtprov_install_found ($tool --complete $words "$current" 2>/dev/null | string replace -r ' $' '')
    test (count $__virtprov_install_found) -gt 0; or return 1
    test "$__virtprov_install_found" = \t; and set -g __virtprov_install_found
    return 0
end
complete -c virtprov-install -n __virtprov_install -f -a '$__virtprov_install_found'
