// Package completion makes completion scripts for bash, zsh and fish from the commands there are.
//
// It runs nothing: the scripts know every command, flag and value, and ask nobody. Always true: they offer what the
// command line accepts, and files where it takes anything.
package completion

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/alecthomas/kong"
)

// Script is the completion script for a shell: bash, zsh or fish.
func Script(shell string, app *kong.Application) ([]byte, error) {
	text := map[string]string{"bash": bashScript, "zsh": zshScript, "fish": fishScript}[shell]
	t := template.Must(template.New(shell).Funcs(template.FuncMap{"join": strings.Join, "quote": quoted}).Parse(text))
	var out bytes.Buffer
	err := t.Execute(&out, placesOf(app))
	return out.Bytes(), err
}

// place is a point on the command line: the words of a command typed so far, and what may follow.
type place struct {
	Path     string // "usage list"; empty at first
	Commands []offer
	Flags    []option
	Values   []string // of its first argument, where it is one of a few
}

// offer is a word, with what it means.
type offer struct{ Name, Help string }

type option struct {
	Names  []string // "-o", "--output"
	Help   string
	Value  bool     // takes one
	Values []string // which, where it is one of a few
}

// placesOf is every point of the command line.
func placesOf(app *kong.Application) (out []place) {
	var walk func(n *kong.Node, path []string)
	walk = func(n *kong.Node, path []string) {
		p := place{Path: strings.Join(path, " ")}
		for _, child := range n.Children {
			if child.Type == kong.CommandNode && !child.Hidden {
				p.Commands = append(p.Commands, offer{child.Name, child.Help})
			}
		}
		for _, group := range n.AllFlags(true) {
			for _, f := range group {
				p.Flags = append(p.Flags, optionOf(f))
			}
		}
		if len(n.Positional) > 0 {
			p.Values = valuesOf(n.Positional[0])
		}
		out = append(out, p)
		for _, child := range n.Children {
			if child.Type == kong.CommandNode && !child.Hidden {
				walk(child, append(slices.Clone(path), child.Name))
			}
		}
	}
	walk(app.Node, nil)
	return out
}

func optionOf(f *kong.Flag) option {
	out := option{Help: f.Help, Value: !f.IsBool(), Values: valuesOf(f.Value)}
	if f.Short != 0 {
		out.Names = append(out.Names, "-"+string(f.Short))
	}
	out.Names = append(out.Names, "--"+f.Name)
	return out
}

func valuesOf(v *kong.Value) (out []string) {
	for one := range strings.SplitSeq(v.Enum, ",") {
		if one != "" {
			out = append(out, one)
		}
	}
	return out
}

// quoted is text within single quotes of a shell.
func quoted(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }

// Words is every word that may follow at a place, but values of flags.
func (p place) Words() string {
	var out []string
	for _, c := range p.Commands {
		out = append(out, c.Name)
	}
	return strings.Join(append(out, p.Values...), " ")
}

// FlagNames is every name of every flag.
func (p place) FlagNames() string {
	var out []string
	for _, f := range p.Flags {
		out = append(out, f.Names...)
	}
	return strings.Join(out, " ")
}

// Pattern is the flag's names as a case pattern.
func (f option) Pattern() string { return strings.Join(f.Names, "|") }

// Fish is its names as fish wants them.
func (f option) Fish() string {
	var out strings.Builder
	for _, n := range f.Names {
		if long, ok := strings.CutPrefix(n, "--"); ok {
			fmt.Fprintf(&out, " -l %s", long)
		} else {
			fmt.Fprintf(&out, " -s %s", n[1:])
		}
	}
	return out.String()
}
