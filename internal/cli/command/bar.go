package command

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"os"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/purveyor-csp/purveyor/internal/cli/call"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/intake"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// Import sends files as one import command, and shows how far it is.
func (e *Env) Import(ctx context.Context, api *call.Client, q url.Values, files []call.Source) (l usage.Load, raw []byte, err error) {
	b := &bar{out: e.Err, what: "import"}
	defer b.done()
	return api.Import(ctx, q, files, b.show)
}

// RebuildUsage makes the usage store of the data directory again, and shows how far that is.
func (e *Env) RebuildUsage(ctx context.Context) (intake.Rebuilt, error) {
	b := &bar{out: e.Err, what: "rebuild"}
	defer b.done()
	made, err := e.Rebuild(ctx, e.Dir(), b.show)
	if err != nil && ctx.Err() != nil { // whatever it says, this is why
		err = fault.New(fault.Unavailable, "interrupted",
			"interrupted; the usage store is replaced completely or not at all, so run the command again").Because(context.Cause(ctx))
	}
	return made, err
}

// bar shows how far reading files is, with rate and time left, on a terminal only.
type bar struct {
	out  io.Writer
	what string
	p    *progressbar.ProgressBar
}

// terminal says whether somebody is looking.
func terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	if !ok {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

func (b *bar) show(p intake.Progress) {
	if b.p == nil {
		if !terminal(b.out) {
			return
		}
		total := p.TotalBytes
		if total == 0 {
			total = -1
		}
		b.p = progressbar.NewOptions64(total, progressbar.OptionSetWriter(b.out), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	said := b.what
	if p.Rows > 0 {
		said = fmt.Sprintf("%s, %d rows", b.what, p.Rows)
	}
	b.p.Describe(said)
	if p.TotalBytes > 0 { // another step may have another total
		b.p.ChangeMax64(p.TotalBytes)
	}
	_ = b.p.Set64(p.Bytes) // a bar that cannot be drawn stops nothing
}

func (b *bar) done() {
	if b.p != nil {
		_ = b.p.Finish()
	}
}
