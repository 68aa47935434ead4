package billing

import (
	"fmt"
	"io"

	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/sample/statement"
)

type generateCommand struct {
	Rows      int    `default:"100000" help:"How many rows."`
	Customers int    `default:"30" help:"How many customers; the same as the first customers of init."`
	Seed      uint64 `default:"1" help:"The same seed makes the same file."`
	Month     string `default:"2026-09" placeholder:"YYYY-MM" help:"The month."`
	Format    string `default:"csv" enum:"csv,csv.gz,jsonl,jsonl.gz" help:"csv, csv.gz, jsonl or jsonl.gz."`
	Shape     string `default:"typical" enum:"typical,adversarial" help:"typical (30 rows a resource and meter) or adversarial (almost one)."`
	Unbilled  bool   `help:"Make unbilled usage, without an invoice number."`
	Out       string `short:"o" required:"" placeholder:"FILE" help:"The usage file."`
	Statement string `placeholder:"FILE" help:"Also write the provider's reconciliation lines here."`
	Plant     int    `help:"How many errors to plant in the statement."`
	Key       string `placeholder:"FILE" help:"Write the planted errors to this file, as JSON."`
}

// Help is the long help.
func (generateCommand) Help() string {
	return `The customers are those of "purveyor init": customer 7 is always the same one.

  purveyor usage generate --rows 100000 --customers 30 -o usage.csv --statement statement.csv --plant 5 --key key.json`
}

// Run makes the files.
func (c *generateCommand) Run(e *command.Env) error {
	s := sample.Spec{Rows: c.Rows, Customers: c.Customers, Seed: c.Seed, Month: c.Month, Format: c.Format, Shape: sample.Shape(c.Shape), Unbilled: c.Unbilled}
	err := command.Write(c.Out, func(w io.Writer) error { _, err := sample.Generate(w, s); return err })
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "%s: %s of %s\n", c.Out, table.Count(c.Rows, "row"), c.Month)
	if c.Statement == "" {
		return nil
	}
	var planted []statement.Planted
	err = command.Write(c.Statement, func(w io.Writer) (err error) {
		planted, err = statement.Write(w, s, statement.Options{Plant: c.Plant, Seed: c.Seed})
		return err
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(e.Out, "%s: the provider's statement, with %s\n", c.Statement, table.Count(len(planted), "planted error"))
	if c.Key == "" {
		return nil
	}
	return command.Write(c.Key, func(w io.Writer) error { return statement.WriteKey(w, planted) })
}
