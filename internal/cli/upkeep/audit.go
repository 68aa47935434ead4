package upkeep

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"

	eventapi "github.com/purveyor-csp/purveyor/internal/api/native/event"
	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/cli/command"
	"github.com/purveyor-csp/purveyor/internal/cli/table"
	"github.com/purveyor-csp/purveyor/internal/event"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
)

// Audit is what there is for the trail of what was done.
type Audit struct {
	List   auditList   `cmd:"" help:"List records by day, actor and action, oldest first."`
	Verify auditVerify `cmd:"" help:"Verify that no record was changed, taken out or cut off."`
	Export auditExport `cmd:"" help:"Write records to a file, as JSON lines."`
	Prune  auditPrune  `cmd:"" help:"Delete old records that an export holds."`
}

// picked is the flags that pick records.
type picked struct {
	From   period.Date `placeholder:"DAY" help:"First day, UTC."`
	To     period.Date `placeholder:"DAY" help:"Day after the last, UTC."`
	Actor  string      `help:"Only what this principal did."`
	Action string      `help:"Only this: a type such as invoice.issued, or a command such as invoice-issue."`
}

func (p picked) query(more ...string) url.Values {
	text := func(d period.Date) string {
		if d.IsZero() {
			return ""
		}
		return d.String()
	}
	return call.Query(append(more, "from", text(p.From), "to", text(p.To), "actor", p.Actor, "action", p.Action)...)
}

type auditList struct {
	picked
	command.Shown
}

// Run lists records.
func (c *auditList) Run(ctx context.Context, e *command.Env) error {
	return command.List(ctx, e, c.Shown, "/audit/records", c.query("limit", "1000"), eventTable)
}

type auditVerify struct{ command.Shown }

// Run verifies; that the audit log is not intact is an error.
func (c *auditVerify) Run(ctx context.Context, e *command.Env) error {
	return e.With(ctx, func(api *call.Client) error {
		var v event.Verification
		raw, err := api.Post(ctx, "/audit/verification", nil, &v)
		if err != nil {
			return err
		}
		t := table.New("holds", ">records", ">pruned up to", ">anchored up to", "head")
		t.Add(table.YesNo(v.Holds), v.Count-v.Pruned, v.Pruned, v.Anchor.Count, v.Head)
		if err := e.Show(c.Shown, raw, t); err != nil {
			return err
		}
		if !v.Holds {
			return fault.New(fault.Internal, event.CodeChainBroken, "%s", cmp.Or(v.Broken, "the audit log is not intact"))
		}
		return nil
	})
}

type auditExport struct {
	File string `arg:"" type:"path" help:"The file; one that is there is not overwritten."`
	picked
}

// Help is the long help.
func (auditExport) Help() string {
	return `Keep the file: once records are pruned, only the file has them. Each line holds the hash of the line before it.

  purveyor audit export audit-2025.jsonl --to 2026-01-01
  purveyor audit prune audit-2025.jsonl`
}

// Run exports.
func (c *auditExport) Run(ctx context.Context, e *command.Env) error {
	if _, err := os.Stat(c.File); err == nil {
		return fault.New(fault.Conflict, "file_exists", "%s exists already and was not changed; name another", c.File)
	}
	return e.With(ctx, func(api *call.Client) error {
		answer, err := api.Stream(ctx, call.Request{Method: http.MethodGet, Path: "/audit/export", Query: c.query(), Accept: "*/*"})
		if err != nil {
			return err
		}
		defer answer.Body.Close()
		part := c.File + ".part"
		defer os.Remove(part) // gone already when all went well
		if err := command.Write(part, func(w io.Writer) error { _, err := io.Copy(w, answer.Body); return err }); err != nil {
			return fault.New(fault.Unavailable, "answer_cut", "%s could not be written completely; export again", c.File).Because(err)
		}
		x, err := readExport(part)
		if err != nil {
			return err
		}
		if err := os.Rename(part, c.File); err != nil {
			return err
		}
		_, err = fmt.Fprintf(e.Out, "%s in %s, SHA-256 %s\n", table.Count(x.lines, "record"), c.File, x.digest)
		return err
	})
}

type auditPrune struct {
	File string `arg:"" type:"existingfile" help:"What \"audit export\" wrote, from the first record, picked by --to alone."`
}

// Run prunes what the file holds.
func (c *auditPrune) Run(ctx context.Context, e *command.Env) error {
	x, err := readExport(c.File)
	if err != nil {
		return err
	}
	if x.lines == 0 {
		return fault.New(fault.Invalid, "empty_export", "%s holds no record; nothing was deleted", c.File)
	}
	return e.With(ctx, func(api *call.Client) error {
		var p eventapi.Pruned
		if _, err := api.Post(ctx, "/audit/prunings", map[string]any{"until": x.last, "export": x.digest}, &p); err != nil {
			return err
		}
		_, err := fmt.Fprintf(e.Out, "%s deleted; only %s has them now: keep it. The log begins after record %d\n",
			table.Count(x.lines, "record"), c.File, p.Checkpoint.Count)
		return err
	})
}

// exported is what an export holds.
type exported struct {
	lines  int
	last   int64 // number of the newest record
	digest string
}

func readExport(name string) (x exported, err error) {
	f, err := os.Open(name)
	if err != nil {
		return x, fault.New(fault.NotFound, "no_such_file", "%s cannot be read", name).Because(err)
	}
	defer f.Close()
	sum := sha256.New()
	r := bufio.NewReader(io.TeeReader(f, sum))
	for {
		line, err := r.ReadBytes('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			x.digest = hex.EncodeToString(sum.Sum(nil))
			return x, nil
		}
		var v event.Event
		if err != nil || json.Unmarshal(line, &v) != nil || v.Number <= x.last {
			return x, fault.New(fault.Invalid, "no_export", "line %d of %s is not a record of an export; nothing was done", x.lines+1, name).Because(err)
		}
		x.lines, x.last = x.lines+1, v.Number
	}
}
