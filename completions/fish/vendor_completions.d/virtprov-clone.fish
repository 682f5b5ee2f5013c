# fish completion for virtprov-clone: `virtprov-clone --completion fish --install` puts it where fish looks for it,
# and `virtprov-clone --completion fish | source` uses it in this shell only.
function __virtprov_clone
    set -l words (commandline -opc)
    set -l current (string unescape -- (commandline -ct); or commandline -ct)
    set -l tool $words[1]
    set -e words[1]
    set -g __virtprov_clone_found ($tool --complete $words "$current" 2>/dev/null | string replace -r ' $' '')
    test (count $__virtprov_clone_found) -gt 0; or return 1
    test "$__virtprov_clone_found" = \t; and set -g __virtprov_clone_found
    return 0
end
complete -c virtprov-clone -n __virtprov_clone -f -a '$__virtprov_clone_found'
