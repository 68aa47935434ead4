package main

import (
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// A server that is told to stop gives requests that are under way a while to end, and then ends them: together less than ten
// seconds, so that a supervisor need not kill it.
const (
	endByThemselves = 5 * time.Second
	endWhenTold     = 3 * time.Second
)

// stop ends a server. Requests that do not end by themselves are told to through their context, with the reason; what they
// would have written is not written.
func stop(server *http.Server, tell context.CancelCauseFunc) error {
	for _, wait := range [...]time.Duration{endByThemselves, endWhenTold} {
		ctx, cancel := context.WithTimeout(context.Background(), wait)
		err := server.Shutdown(ctx)
		cancel()
		if !errors.Is(err, context.DeadlineExceeded) {
			return err
		}
		tell(fault.New(fault.Unavailable, "server_stops", "the server stops: nothing of this was kept; give the command again when it runs"))
	}
	return server.Close()
}

// notify tells the supervisor how the server is, in the form of systemd's notification socket; without a supervisor that
// listens it does nothing.
func notify(state string) error {
	path := os.Getenv("NOTIFY_SOCKET")
	if path == "" {
		return nil
	}
	if path[0] == '@' { // in the abstract name space
		path = "\x00" + path[1:]
	}
	c, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: path, Net: "unixgram"})
	if err == nil {
		_, err = c.Write([]byte(state))
		err = errors.Join(err, c.Close())
	}
	if err != nil {
		return fault.New(fault.Unavailable, "no_supervisor", "the supervisor at %s cannot be told that the server is ready", os.Getenv("NOTIFY_SOCKET")).Because(err)
	}
	return nil
}
