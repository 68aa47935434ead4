package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/config"
	"github.com/purveyor-csp/purveyor/internal/fault"
)

// patience is how long a stopping server waits for requests that are under way.
const patience = 30 * time.Second

// serve serves a data directory on loopback and on its socket until the context ends. There are no sign-ins yet:
// whoever can reach it is the local operator, so it listens nowhere else.
func serve(ctx context.Context, dir string, s config.Settings) (err error) {
	web, err := listenLoopback(s.Listen)
	if err != nil {
		return err
	}
	defer web.Close()
	n, err := open(ctx, dir, opening{Settings: s, log: logger(s), now: time.Now})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	local, err := listenSocket(filepath.Join(dir, socketName))
	if err != nil {
		return err
	}
	fmt.Printf("serving %s on http://%s for this machine only, as the local operator; stop with Ctrl-C\n", dir, web.Addr())
	server := &http.Server{
		Handler: n.api.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(n.api.Log.Handler(), slog.LevelWarn),
		BaseContext: func(net.Listener) context.Context { return access.AsLocalOperator(context.WithoutCancel(ctx)) },
	}
	var running sync.WaitGroup
	running.Go(func() { n.work(ctx) })
	failed := make(chan error, 2)
	for _, l := range []net.Listener{web, local} {
		running.Go(func() {
			if err := server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
				failed <- err
			}
		})
	}
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	err = errors.Join(err, server.Shutdown(stop))
	running.Wait()
	return err
}

// listenLoopback refuses every address that others could reach.
func listenLoopback(address string) (net.Listener, error) {
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	if err != nil || host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return nil, fault.New(fault.Invalid, "not_loopback",
			"%q is not an address of this machine alone, and there are no sign-ins yet: serve on 127.0.0.1:PORT, localhost:PORT or [::1]:PORT", address)
	}
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "cannot_listen", "%s cannot be listened on: %v; name another with --listen", address, errors.Unwrap(err)).Because(err)
	}
	return l, nil
}

// listenSocket listens on the data directory's socket, for its owner only. The lock is held, so a socket that is there
// belongs to a process that died.
func listenSocket(path string) (net.Listener, error) {
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err != nil {
		return nil, fault.New(fault.Unavailable, "no_socket", "%s cannot be made: %v", path, err).Because(err)
	}
	return l, os.Chmod(path, 0o600)
}

func logger(s config.Settings) *slog.Logger {
	var level slog.Level
	_ = level.UnmarshalText([]byte(s.LogLevel)) // one of the enumerated
	o := &slog.HandlerOptions{Level: level}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, o))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, o))
}
