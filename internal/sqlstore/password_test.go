package sqlstore

import (
	"context"
	"errors"
	"strings"
	"testing"
)

// TestPasswordsAreNotPrinted opens databases that are not there or not named right: nothing of the error, its hidden causes
// included, holds the password.
func TestPasswordsAreNotPrinted(t *testing.T) {
	const planted = "Hunter2-canary"
	said := 0
	for _, dsn := range []string{
		"postgres://u:" + planted + "@127.0.0.1:1/d", "postgres://u:" + planted + "@127.0.0.1:port/d", "postgres://u:" + planted + "%zz@h/d",
		"postgres://u:" + planted + "@[::1/d", "postgresql://u:" + planted + "@127.0.0.1:1/d?sslmode=perhaps", "postgres://127.0.0.1:1/d?user=u&password=" + planted,
		"postgres://u:" + planted + "@127.0.0.1:1/d?sslmode=verify-full&sslrootcert=/nowhere", "host=127.0.0.1 port=1 user=u password=" + planted,
		"host=127.0.0.1 port=x password='" + planted + "'", "user=u password=" + planted + " host", "password=" + planted + `\`,
		"postgres://u:" + planted + " \n@h/d", "postgres://u:" + planted + "@no-such-host.invalid/d",
	} {
		_, err := Open(context.Background(), dsn)
		if err == nil {
			t.Errorf("%d: opened", said)
		}
		for ; err != nil; err = errors.Unwrap(err) {
			said++
			if strings.Contains(err.Error(), planted) {
				t.Errorf("an error holds the password: %v", err)
			}
		}
	}
	t.Logf("%d errors looked at", said)
}
