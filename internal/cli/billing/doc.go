// Package billing has the commands of the money path, in its order: usage, unresolved, invoice, explain, recon, and cost
// and margins beside it; bill is all of it in one go.
//
// It prices nothing: amounts are the API's. Always true: what reads or bills usage ends with exit code 0 only when every row
// of it counts, and recon only when the statement agrees to the cent.
package billing
