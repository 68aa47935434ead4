// Command purveyor is the whole platform in one program.
package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// version is set when the program is built.
var version = "dev"

// commands is every command there is.
type commands struct {
	Bill    billCommand    `cmd:"" help:"From usage files to issued invoices in one go; keeps nothing but the output folder."`
	Init    initCommand    `cmd:"" help:"Write a commented world.yaml and book.yaml to start from."`
	Usage   usageCommands  `cmd:"" help:"The provider's usage files."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

type versionCommand struct{}

func (versionCommand) Run() error {
	fmt.Println("purveyor " + version)
	return nil
}

func main() {
	ctx, stop := signal.NotifyContext(access.AsLocalOperator(context.Background()), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var c commands
	k := kong.Parse(&c, kong.Name("purveyor"), kong.UsageOnError(),
		kong.Description("Sell a cloud to your customers: from the provider's files to the invoice, exact to the cent."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	if err := k.Run(); err != nil {
		report(err)
		os.Exit(1)
	}
}

// report prints what happened, field by field where the input has fields. Causes are for those who ask for them.
func report(err error) {
	fmt.Fprintln(os.Stderr, "purveyor: "+err.Error())
	f, ok := errors.AsType[*fault.Fault](err)
	if !ok {
		return
	}
	for _, path := range slices.Sorted(maps.Keys(f.Fields)) {
		fmt.Fprintf(os.Stderr, "  %s: %s\n", path, f.Fields[path])
	}
	if cause := f.Unwrap(); cause != nil && os.Getenv("PURVEYOR_DEBUG") != "" {
		fmt.Fprintln(os.Stderr, "  because: "+cause.Error())
	}
}
