package completion

// The scripts walk the words typed so far to a place, and offer what may follow there.

const bashScript = `# completion of purveyor for bash
_purveyor() {
    local cur=${COMP_WORDS[COMP_CWORD]} prev= at= word words= flags=
    [[ $COMP_CWORD -gt 1 ]] && prev=${COMP_WORDS[COMP_CWORD-1]}
    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}
    [[ $cur == = ]] && cur=
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case "${at:+$at }$word" in
{{- range .}}{{if .Path}}
            {{quote .Path}}) at={{quote .Path}} ;;
{{- end}}{{end}}
        esac
    done
    case $at in
{{- range .}}
        {{quote .Path}})
            words={{quote .Words}}
            flags={{quote .FlagNames}}
            case $prev in
{{- range .Flags}}{{if .Value}}
                {{.Pattern}}) {{if .Values}}COMPREPLY=($(compgen -W {{quote (join .Values " ")}} -- "$cur")){{else}}COMPREPLY=(){{end}}; return ;;
{{- end}}{{end}}
            esac ;;
{{- end}}
    esac
    if [[ $cur == -* ]]; then
        COMPREPLY=($(compgen -W "$flags" -- "$cur"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    fi
}
complete -o default -F _purveyor purveyor
`

const zshScript = `#compdef purveyor
# completion of purveyor for zsh
_purveyor() {
    local at= word prev=${words[CURRENT-1]}
    local -a commands flags values
    for word in ${words[2,CURRENT-1]}; do
        case "${at:+$at }$word" in
{{- range .}}{{if .Path}}
            {{quote .Path}}) at={{quote .Path}} ;;
{{- end}}{{end}}
        esac
    done
    case $at in
{{- range .}}
        {{quote .Path}})
            commands=({{range .Commands}}
                {{quote (print .Name ":" .Help)}}{{end}})
            values=({{join .Values " "}})
            flags=({{range .Flags}}{{$f := .}}{{range .Names}}
                {{quote (print . ":" $f.Help)}}{{end}}{{end}})
            case $prev in
{{- range .Flags}}{{if .Value}}
                {{.Pattern}}) {{if .Values}}compadd -- {{join .Values " "}}{{else}}_files{{end}}; return ;;
{{- end}}{{end}}
            esac ;;
{{- end}}
    esac
    if [[ ${words[CURRENT]} == -* ]]; then
        _describe -o flag flags
    elif (( ${#commands} )); then
        _describe command commands
    elif (( ${#values} )); then
        compadd -- $values
    else
        _files
    fi
}
if [[ ${funcstack[1]} == _purveyor ]]; then
    _purveyor "$@"
else
    compdef _purveyor purveyor
fi
`

const fishScript = `# completion of purveyor for fish
function __purveyor_at
    set -l at
    for word in (commandline -opc)[2..]
        switch (string join -- ' ' $at $word)
            case{{range .}}{{if .Path}} {{quote .Path}}{{end}}{{end}}
                set at $at $word
        end
    end
    test "$at" = "$argv[1]"
end
complete -c purveyor -e
{{- range .}}{{$at := print "__purveyor_at " (quote .Path)}}
{{- range .Commands}}
complete -c purveyor -f -n {{quote $at}} -a {{.Name}} -d {{quote .Help}}
{{- end}}
{{- if .Values}}
complete -c purveyor -f -n {{quote $at}} -a {{quote (join .Values " ")}}
{{- end}}
{{- range .Flags}}
complete -c purveyor -n {{quote $at}}{{.Fish}}{{if .Value}} -r{{end}}{{if .Values}} -f -a {{quote (join .Values " ")}}{{end}} -d {{quote .Help}}
{{- end}}
{{- end}}
`
