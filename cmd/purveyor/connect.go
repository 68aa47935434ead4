package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/identity"
)

// socketName is the socket of a server in its data directory.
const socketName = "purveyor.sock"

// connect is a way to call the API of a data directory: the server that runs on it, else the directory itself, opened
// until close. Closing works off the jobs that commands left, such as archiving documents.
func connect(ctx context.Context, dir string, o opening) (t http.RoundTripper, closing func() error, err error) {
	socket := filepath.Join(dir, socketName)
	if c, err := net.DialTimeout("unix", socket, time.Second); err == nil {
		_ = c.Close()
		t := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", socket)
		}}
		return t, func() error { t.CloseIdleConnections(); return nil }, nil
	}
	n, err := open(ctx, dir, o)
	if err != nil {
		return nil, nil, err
	}
	var running sync.WaitGroup
	closing = func() error {
		running.Wait()
		var err error
		if !o.temporary && !n.onlyRead {
			end := context.WithoutCancel(ctx)
			err = errors.Join(n.drain(end), n.anchor(end))
		}
		return errors.Join(err, n.Close())
	}
	who := access.AsLocalOperator
	if o.named {
		who = asNamed
	}
	return inProcess{handler: n.api.Handler(), ctx: who, running: &running, log: o.log}, closing, nil
}

// asNamed leaves the caller a context names. Nothing that comes over a connection is in a context.
func asNamed(ctx context.Context) context.Context {
	if _, ok := identity.Caller(ctx); ok {
		return ctx
	}
	return access.AsLocalOperator(ctx)
}
