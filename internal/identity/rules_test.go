package identity

import (
	"testing"
)

func TestReturnAddresses(t *testing.T) {
	for to, want := range map[string]bool{
		"https://app.example/back": true, "http://localhost:1/x": true, "http://app.example": false, "https://app.example/#x": false,
		"app.example": false, "https://a@app.example": false, "ftp://app.example": false, "": false,
	} {
		if got := IsWebAddress(to); got != want {
			t.Errorf("registered with %q: %v", to, got)
		}
	}
}
