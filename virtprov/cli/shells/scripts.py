"""The scripts printed by `--completion bash|zsh|fish`: they call the command itself with `--complete`.

The command prints whole words, one on each line; a trailing blank means that the word is complete, and a tab alone that
there is nothing, not even a file. Names on a host can
hold anything: for bash the command quotes them, zsh and fish do that themselves.
"""

from __future__ import annotations


def script(shell: str, tool: str) -> str:
    """The completion script of a command for bash, zsh or fish."""
    return _SCRIPTS[shell].replace("TOOL", tool).replace("NAME", tool.replace("-", "_"))


_BASH = """\
# bash completion for TOOL: `TOOL --completion bash --install` puts it where bash looks for it,
# and `source <(TOOL --completion bash)` uses it in this shell only.
_NAME() {
    local line=${COMP_LINE:0:COMP_POINT}
    mapfile -t COMPREPLY < <("${1/#\\~/$HOME}" --complete-line "$COMP_WORDBREAKS" "$line" 2>/dev/null)
    if [[ ${COMPREPLY[0]} == $'\\t' ]]; then
        COMPREPLY=()
        compopt +o default
    elif ((${#COMPREPLY[@]})); then
        compopt -o nospace
    fi
}
complete -o default -F _NAME TOOL
"""

_ZSH = """\
#compdef TOOL
# zsh completion for TOOL: `TOOL --completion zsh --install` puts it where zsh looks for it,
# and `source <(TOOL --completion zsh)` uses it in this shell only.
_NAME() {
    local -a found whole part
    found=(${(f)"$(${(Q)words[1]} --complete "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null)"})
    [[ "$found" == $'\\t' ]] && return 1
    whole=(${${(M)found:#* }% })
    part=(${found:#* })
    (( $#whole )) && compadd -- "${whole[@]}"
    (( $#part )) && compadd -S '' -- "${part[@]}"
    (( $#found )) || { compset -P '*[=,]'; _files }
}
if [ "$funcstack[1]" = "_TOOL" ]; then _NAME "$@"; else compdef _NAME TOOL; fi
"""

_FISH = """\
# fish completion for TOOL: `TOOL --completion fish --install` puts it where fish looks for it,
# and `TOOL --completion fish | source` uses it in this shell only.
function __NAME
    set -l words (commandline -opc)
    set -l current (string unescape -- (commandline -ct); or commandline -ct)
    set -l tool $words[1]
    set -e words[1]
    set -g __NAME_found ($tool --complete $words "$current" 2>/dev/null | string replace -r ' $' '')
    test (count $__NAME_found) -gt 0; or return 1
    test "$__NAME_found" = \\t; and set -g __NAME_found
    return 0
end
complete -c TOOL -n __NAME -f -a '$__NAME_found'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
