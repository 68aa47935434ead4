package main

import (
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"github.com/purveyor-csp/purveyor/internal/usage"
)

// bar shows how far an import is, with rate and time left, on a terminal only.
type bar struct {
	mu   sync.Mutex
	name string
	p    *progressbar.ProgressBar
}

func newBar(name string) *bar { return &bar{name: name} }

func (b *bar) show(p usage.Progress) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.p == nil {
		if info, err := os.Stderr.Stat(); err != nil || info.Mode()&os.ModeCharDevice == 0 {
			return
		}
		total := p.TotalBytes
		if total == 0 {
			total = -1
		}
		b.p = progressbar.NewOptions64(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowBytes(true),
			progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	b.p.Describe(fmt.Sprintf("%s, %d rows", b.name, p.Rows))
	_ = b.p.Set64(p.Bytes) // a bar that cannot be drawn stops nothing
}

func (b *bar) done() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.p != nil {
		_ = b.p.Finish()
	}
}
