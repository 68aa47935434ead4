package selling

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/cli/upkeep"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/sample"
	"github.com/purveyor-csp/purveyor/internal/world"
)

// Init writes the files of a new installation.
type Init struct {
	Dir       string      `arg:"" help:"The folder; it becomes the data directory too."`
	Customers int         `default:"30" help:"How many customers to make up."`
	Edges     int         `default:"0" help:"How many sellers stand between the provider and each customer (1 to 3); 0 mixes them, mostly three."`
	FilesOnly bool        `help:"Write the two files, and make no data directory."`
	Demo      period.Date `placeholder:"YYYY-MM-DD" help:"Make demo data: its business clock starts on this day and can be moved."`

	FirstNumber []string `placeholder:"SELLER/SERIES=N" help:"The next number of a series this year, if earlier documents were numbered elsewhere: contoso/INV=118, and contoso/INV-CN=9 for its credit notes; repeatable."`
}

// Help is the long help.
func (Init) Help() string {
	return `Comments in the files explain them. Read them, change them, and then:

  purveyor init my-company --customers 10
  purveyor apply -f my-company/world.yaml --data my-company
  purveyor pricebook publish -f my-company/book.yaml --data my-company`
}

// Run writes the files, which it does not overwrite, and makes the folder a data directory.
func (c *Init) Run(ctx context.Context, e *command.Env) error {
	starts, err := c.starts()
	if err != nil {
		return err
	}
	if err := WriteFiles(c.Dir, c.Customers, c.Edges); err != nil {
		return err
	}
	if !c.FilesOnly {
		err := e.At(ctx, c.Dir, command.OpenOptions{Create: true}, func(api *call.Client) error {
			if !c.Demo.IsZero() {
				if _, _, err := upkeep.MoveClock(ctx, api, upkeep.Move{To: c.Demo, Demo: true}); err != nil {
					return err
				}
			}
			for _, s := range starts {
				if err := s.Tell(ctx, api); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(e.Out, "%s: world.yaml with %s, and book.yaml; their comments explain them\n", c.Dir, table.Count(c.Customers, "customer"))
	e.Note("next: purveyor apply -f %s --data %s", filepath.Join(c.Dir, "world.yaml"), c.Dir)
	return err
}

// starts are where number series go on.
func (c *Init) starts() (list []SeriesStart, err error) {
	if c.FilesOnly && len(c.FirstNumber) > 0 {
		return nil, fault.New(fault.Invalid, "no_directory", "--first-number is stored in the data directory, and --files-only makes none: leave one of them out")
	}
	for _, text := range c.FirstNumber {
		s, err := ParseSeriesStart(text)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// WriteFiles makes up a world and its price books.
func WriteFiles(dir string, customers, edges int) error {
	w, b, err := world.Init(customers, world.Options{Edges: edges, People: world.People{
		Partner: sample.Partner(), ResellerMPN: sample.ResellerMPN, Tenant: sample.Tenant, Domain: sample.Domain,
		Country: sample.Country, CustomerName: sample.CustomerName, Entitlements: sample.Entitlements,
	}})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fault.New(fault.Invalid, "cannot_write", "%s cannot be made", dir).Because(err)
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{"world.yaml", w}, {"book.yaml", b}} {
		if err := writeNew(filepath.Join(dir, f.name), f.text); err != nil {
			return err
		}
	}
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(path string, text []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fault.New(fault.Conflict, "file_exists", "%s exists already and was not changed; name another folder", path).Because(err)
	}
	if _, err := f.Write(text); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}
