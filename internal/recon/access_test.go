package recon

import (
	"context"
	"testing"

	"github.com/purveyor-csp/purveyor/internal/access"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/usage"
)

// A statement is read only for who may have it compared.
func TestAccessBeforeReading(t *testing.T) {
	v := &Service{Access: access.Local{}}
	read := 0
	statement := func() ([]usage.StatementLine, error) {
		read++
		return nil, fault.New(fault.Invalid, "read", "it was read")
	}
	_, err := v.CompareRead(context.Background(), period.Month(2026*12+8), statement, nil)
	if fault.KindOf(err) != fault.Denied || read != 0 {
		t.Errorf("read %d times for nobody: %v", read, err)
	}
	_, err = v.CompareRead(access.AsLocalOperator(context.Background()), period.Month(2026*12+8), statement, nil)
	if fault.CodeOf(err) != "read" || read != 1 {
		t.Errorf("read %d times for the operator: %v", read, err)
	}
}
