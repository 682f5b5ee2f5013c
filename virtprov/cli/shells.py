"""The scripts printed by `--completion bash|zsh|fish`: they call the command itself with `--complete`.

The command prints whole words, one on each line; a trailing blank means that the word is complete.
"""

from __future__ import annotations


def script(shell: str, tool: str) -> str:
    """The completion script of a command for bash, zsh or fish."""
    return _SCRIPTS[shell].replace("TOOL", tool).replace("NAME", tool.replace("-", "_"))


_BASH = (
    "# bash completion for TOOL; save it as ~/.local/share/bash-completion/completions/TOOL,\n# or run: source "
    "<(TOOL --completion bash)\n_NAME() {\n    local line=${COMP_LINE:0:COMP_POINT}\n    mapfile -t COMPREPLY < "
    '<("${1/#\\~/$HOME}" --complete-line "$COMP_WORDBREAKS" "$line" 2>/dev/null)\n    if ((${#COMPREPLY[@]})); '
    "then compopt -o nospace; fi\n}\ncomplete -o default -F _NAME TOOL\n"
)

_ZSH = """\
#compdef TOOL
# zsh completion for TOOL; put it into a folder of $fpath under the name _TOOL,
# or say: source <(TOOL --completion zsh)
_NAME() {
    local -a found whole part
    found=(${(f)"$(${(Q)words[1]} --complete "${(@Q)words[2,CURRENT-1]}" "${PREFIX}" 2>/dev/null)"})
    whole=(${${(M)found:#* }% })
    part=(${found:#* })
    (( $#whole )) && compadd -Q -- $whole
    (( $#part )) && compadd -Q -S '' -- $part
    (( $#found )) || { compset -P '*[=,]'; _files }
}
if [ "$funcstack[1]" = "_TOOL" ]; then _NAME "$@"; else compdef _NAME TOOL; fi
"""

_FISH = """\
# fish completion for TOOL; put it into ~/.config/fish/completions/TOOL.fish,
# or say: TOOL --completion fish | source
function __NAME
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l tool $words[1]
    set -e words[1]
    set -g __NAME_found ($tool --complete $words "$current" 2>/dev/null | string trim --right)
    test (count $__NAME_found) -gt 0
end
complete -c TOOL -n __NAME -f -a '$__NAME_found'
"""

_SCRIPTS = {"bash": _BASH, "zsh": _ZSH, "fish": _FISH}
