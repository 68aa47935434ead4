package kernel

import "testing"

func TestHosts(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "localhost:8080": true, "127.0.0.1:8080": true, "127.0.0.5": true, "[::1]:80": true,
		"evil.example": false, "localhost.evil.example:8080": false, "10.0.0.1:8080": false, "": false,
	} {
		if isLocal(host) != want {
			t.Errorf("host %q is local: %t, want %t", host, !want, want)
		}
	}
}
