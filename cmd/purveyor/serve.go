package main

import (
	"context"
	"crypto/tls"
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

// serve serves a data directory until the context ends: on its socket to the local operator, and on an address.
// Without sign-ins whoever can reach that is the local operator too, so it is of this machine alone; with them it may
// be any, and others are reached over TLS only.
func serve(ctx context.Context, dir string, o opening) (err error) {
	web, err := listen(o)
	if err != nil {
		return err
	}
	defer web.Close()
	n, err := open(ctx, dir, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	proof, err := n.certificates(o.Settings)
	if err != nil {
		return err
	}
	at := "http://" + web.Addr().String()
	if proof != nil {
		n.api.Named = proof.named
		web, at = tls.NewListener(web, proof.config()), "https://"+web.Addr().String()
	}
	local, err := listenSocket(filepath.Join(dir, socketName))
	if err != nil {
		return err
	}
	fmt.Printf("serving %s on %s%s; stop with Ctrl-C\n", dir, at, n.notes(o, proof))
	server := &http.Server{
		Handler: n.api.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, ErrorLog: slog.NewLogLogger(n.api.Log.Handler(), slog.LevelWarn),
		BaseContext: func(l net.Listener) context.Context {
			if l != local && o.signIns {
				return context.WithoutCancel(ctx)
			}
			return access.AsLocalOperator(context.WithoutCancel(ctx))
		},
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

// notes says who may call, and whom clients must trust.
func (n *installation) notes(o opening, proof *certificates) string {
	who := " for this machine only, as the local operator"
	if o.signIns {
		who = " for whoever signs in"
	}
	if proof != nil && proof.authority != nil {
		who += "; clients trust " + n.vault.CAFile()
	}
	return who
}

// listen refuses an address that others could reach while nobody signs in, and one without TLS.
func listen(o opening) (net.Listener, error) {
	address := o.Listen
	host, _, err := net.SplitHostPort(address)
	ip := net.ParseIP(host)
	switch alone := host == "localhost" || ip != nil && ip.IsLoopback(); {
	case err != nil || !alone && !o.signIns:
		return nil, fault.New(fault.Invalid, "not_loopback",
			"%q is not an address of this machine alone, and there are no sign-ins yet: serve on 127.0.0.1:PORT, localhost:PORT or [::1]:PORT", address)
	case !alone && len(o.TLSHost) == 0 && o.TLSCert == "":
		return nil, fault.New(fault.Invalid, "no_tls",
			"%q can be reached by others, who must not send what they sign in with in the clear: add --tls-host NAME, or --tls-cert and --tls-key", address)
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
