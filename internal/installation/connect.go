package installation

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// SocketName is the socket of a server in its data directory.
const SocketName = "purveyor.sock"

// Connect returns a way to call the API of a data directory: through the server that runs on it, else in this process, which
// then has the directory open until closing is called. Closing runs the jobs that commands ordered, such as archiving documents.
func Connect(ctx context.Context, dir string, o Options) (t http.RoundTripper, closing func() error, err error) {
	socket := filepath.Join(dir, SocketName)
	if c, err := net.DialTimeout("unix", socket, time.Second); err == nil {
		_ = c.Close()
		t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}
		return t, func() error { t.CloseIdleConnections(); return nil }, nil
	}
	n, err := Open(ctx, dir, o)
	if err != nil {
		return nil, nil, err
	}
	who := access.AtDirectory
	if o.Named {
		who = asNamed
	}
	local := n.InProcess(who)
	return local, func() error {
		local.Wait()
		var err error
		if !o.Temporary && !n.OnlyRead {
			end := context.WithoutCancel(ctx)
			err = errors.Join(n.Drain(end), n.Anchor(end))
		}
		return errors.Join(err, n.Close())
	}, nil
}

// asNamed keeps the caller that a context names, and makes the local operator the caller otherwise. Requests over a
// connection never get here.
func asNamed(ctx context.Context) context.Context {
	if _, ok := identity.Caller(ctx); ok {
		return ctx
	}
	return access.AtDirectory(ctx)
}
