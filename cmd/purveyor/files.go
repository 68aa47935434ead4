package main

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/sample/statement"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// initCommand writes the files of a new installation.
type initCommand struct {
	Dir       string `arg:"" type:"path" help:"Folder for world.yaml and book.yaml."`
	Customers int    `default:"30" help:"How many customers to make up."`
	Edges     int    `default:"0" help:"Length of every customer's chain of edges (1 to 3); 0 mixes them, most of three."`
}

// Run writes the files; it does not overwrite any.
func (c *initCommand) Run() error {
	w, b, err := world.Init(c.Customers, world.Options{Edges: c.Edges, People: world.People{
		Partner: sample.Partner(), ResellerMPN: sample.ResellerMPN, Tenant: sample.Tenant, Domain: sample.Domain,
		Country: sample.Country, CustomerName: sample.CustomerName, Entitlements: sample.Entitlements,
	}})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(c.Dir, 0o755); err != nil {
		return err
	}
	for name, text := range map[string][]byte{"world.yaml": w, "book.yaml": b} {
		path := filepath.Join(c.Dir, name)
		f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fault.New(fault.Conflict, "file_exists", "%s is there already and was left as it is; name another folder", path).Because(err)
		}
		if _, err := f.Write(text); err != nil {
			return err
		}
		if err := f.Close(); err != nil {
			return err
		}
	}
	fmt.Printf("%s: world.yaml with %d customers, and book.yaml; read them, they explain themselves\n", c.Dir, c.Customers)
	return nil
}

// usageCommands is what there is for usage files.
type usageCommands struct {
	Generate generateCommand `cmd:"" help:"Make up a month of usage, and the provider's statement for it."`
}

type generateCommand struct {
	Rows      int    `default:"100000" help:"How many rows."`
	Customers int    `default:"30" help:"How many customers; who they are follows from their ordinal."`
	Seed      uint64 `default:"1" help:"The same seed makes the same file."`
	Month     string `default:"2026-09" help:"The month, YYYY-MM."`
	Format    string `default:"csv" enum:"csv,csv.gz,jsonl,jsonl.gz" help:"csv, csv.gz, jsonl or jsonl.gz."`
	Shape     string `default:"typical" enum:"typical,adversarial" help:"typical (30 rows a resource and meter) or adversarial (almost one)."`
	Unbilled  bool   `help:"Make unbilled usage, without an invoice number."`
	Out       string `short:"o" required:"" type:"path" help:"The usage file."`
	Statement string `type:"path" help:"Also write the provider's reconciliation lines here."`
	Plant     int    `help:"Plant so many errors in the statement."`
	Key       string `type:"path" help:"Write what was planted here, as JSON."`
}

// Run makes the files.
func (c *generateCommand) Run() error {
	s := sample.Spec{Rows: c.Rows, Customers: c.Customers, Seed: c.Seed, Month: c.Month, Format: c.Format, Shape: sample.Shape(c.Shape), Unbilled: c.Unbilled}
	err := write(c.Out, func(f *os.File) error { _, err := sample.Generate(f, s); return err })
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d rows of %s\n", c.Out, c.Rows, c.Month)
	if c.Statement == "" {
		return nil
	}
	var planted []statement.Planted
	err = write(c.Statement, func(f *os.File) (err error) {
		planted, err = statement.Write(f, s, statement.Options{Plant: c.Plant, Seed: c.Seed})
		return err
	})
	if err != nil {
		return err
	}
	fmt.Printf("%s: the provider's statement, with %d planted errors\n", c.Statement, len(planted))
	if c.Key == "" {
		return nil
	}
	return write(c.Key, func(f *os.File) error { return statement.WriteKey(f, planted) })
}

func write(path string, f func(*os.File) error) error {
	out, err := os.Create(path)
	if err != nil {
		return fault.New(fault.Invalid, "cannot_write", "%s cannot be written", path).Because(err)
	}
	if err := f(out); err != nil {
		out.Close()
		return err
	}
	return out.Close()
}
