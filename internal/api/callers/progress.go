package callers

import (
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// stalledAfter is how long a body may make no progress.
const stalledAfter = 30 * time.Second

// progressing ends a body that makes no progress. How long it takes in all is not limited.
func progressing(w http.ResponseWriter, r *http.Request) *http.Request {
	if r.Body == nil || r.Body == http.NoBody {
		return r
	}
	r = r.WithContext(r.Context()) // a copy, whose body may be replaced
	r.Body = &progressReader{ReadCloser: r.Body, connection: http.NewResponseController(w), now: time.Now}
	return r
}

// deadlines sets how long a connection is read.
type deadlines interface{ SetReadDeadline(time.Time) error }

type progressReader struct {
	io.ReadCloser
	connection deadlines
	now        func() time.Time
}

// Read waits for the next bytes for a limited time. The deadline is taken back behind it: while nobody reads, the client need
// not send anything.
func (p *progressReader) Read(b []byte) (int, error) {
	_ = p.connection.SetReadDeadline(p.now().Add(stalledAfter)) // connections that know none are not of a network
	n, err := p.ReadCloser.Read(b)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, fault.New(fault.Invalid, "body_stalled", "nothing more of the body came for %s; nothing was kept: send it again", stalledAfter).Because(err)
	}
	_ = p.connection.SetReadDeadline(time.Time{})
	return n, err
}
