package invoice

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"

	"github.com/klauspost/compress/zstd"

	"github.com/purveyor-csp/purveyor/internal/charge"
	"github.com/purveyor-csp/purveyor/internal/fault"
	"github.com/purveyor-csp/purveyor/internal/money"
	"github.com/purveyor-csp/purveyor/internal/period"
	"github.com/purveyor-csp/purveyor/internal/pricing"
)

// Group is one record of a worksheet: the arithmetic of one entry × tag set × variant × span, or of one charge, on
// one edge. The groups of a line add up to its Exact.
type Group struct {
	Line string `json:"line"` // line key

	// Where the rows are: numbers of the usage store, and content hashes, which stay the same when the store is rebuilt.
	Load    uint32        `json:"load,omitempty"`
	Batch   uint32        `json:"batch,omitempty"`
	Entry   uint32        `json:"entry,omitempty"`
	TagSet  uint32        `json:"tag_set,omitempty"`
	Variant uint32        `json:"variant,omitempty"`
	Hash    string        `json:"hash"`
	Charge  string        `json:"charge,omitempty"`
	Source  charge.Source `json:"source,omitzero"` // of a charge: file and line of its reconciliation line
	Span    period.Period `json:"span"`
	Rows    int64         `json:"rows,omitempty"`

	// What was used, for the detail that a buyer gets.
	Customer      string `json:"customer"`
	Entitlement   string `json:"entitlement,omitempty"`
	ResourceGroup string `json:"resource_group,omitempty"`
	Resource      string `json:"resource,omitempty"`
	Location      string `json:"location,omitempty"`
	Category      string `json:"category,omitempty"`
	SubCategory   string `json:"sub_category,omitempty"`
	Meter         string `json:"meter,omitempty"`
	Product       string `json:"product,omitempty"`
	SKU           string `json:"sku,omitempty"`
	Publisher     string `json:"publisher,omitempty"`
	ChargeType    string `json:"charge_type,omitempty"`
	Unit          string `json:"unit,omitempty"`
	Tags          string `json:"tags,omitempty"`

	// The arithmetic. Cost is as the provider printed it; Bought what the seller of this edge pays; Sold the exact
	// amount in the document's currency. Provider, Cost, Bought and Base are for the seller only.
	Quantity money.Decimal `json:"quantity"`
	Provider Provider      `json:"provider"`
	Bought   money.Amount  `json:"bought"`
	Rate     pricing.Rate  `json:"rate"`
	Base     money.Amount  `json:"base"` // the amount that the factor was applied to; the unit price for unit prices
	Exchange []Exchange    `json:"exchange,omitempty"`
	Sold     money.Decimal `json:"sold"`
}

// Provider is what the provider printed, summed.
type Provider struct {
	Cost         money.Amount   `json:"cost"`
	UnitPrice    string         `json:"unit_price,omitempty"`
	Currency     money.Currency `json:"pricing_currency,omitempty"`
	ExchangeRate string         `json:"exchange_rate,omitempty"`
	RateDate     string         `json:"exchange_rate_date,omitempty"`
	EarnedCredit string         `json:"earned_credit,omitempty"` // percent
	Covered      bool           `json:"covered,omitempty"`
	Reservation  string         `json:"reservation,omitempty"` // that AdditionalInfo names
}

// Files stores worksheets and documents by their content; a file is durable when Put returns.
type Files interface {
	Put(ctx context.Context, r io.Reader) (digest string, size int64, err error)
	Get(digest string) (io.ReadCloser, error)
}

// flushAt is how much text of a worksheet is held before it is compressed.
const flushAt = 256 << 10

// packer compresses pieces of worksheets; one serves all worksheets of a run. The frames of a worksheet, one after
// the other, are one zstd stream of JSON lines.
type packer struct{ enc *zstd.Encoder }

func newPacker() *packer {
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic("invoice: " + err.Error()) // the options are constants
	}
	return &packer{enc}
}

// sheet is a worksheet being written: text that is not compressed yet, and compressed frames.
type sheet struct {
	text   bytes.Buffer
	packed bytes.Buffer
}

func (w *sheet) add(p *packer, g Group) error {
	line, err := json.Marshal(g)
	if err != nil {
		return err
	}
	w.text.Write(line)
	w.text.WriteByte('\n')
	if w.text.Len() >= flushAt {
		w.flush(p)
	}
	return nil
}

func (w *sheet) flush(p *packer) {
	w.packed.Write(p.enc.EncodeAll(w.text.Bytes(), nil))
	w.text.Reset()
}

// worksheetVersion is the version of the form in which worksheets are written: JSON lines of groups. A worksheet of
// version 1 does not name it; one of a later version does in each of its records, as "worksheet_version". A new
// member of a group that may be left out needs no new version; a changed meaning of one does.
const worksheetVersion = 1

// versionedGroup is a line of a worksheet.
type versionedGroup struct {
	Version int `json:"worksheet_version"` // 0 means 1
	Group
}

// Groups yields the records of a worksheet, the groups of one line not necessarily together. It is a Conflict if only
// a newer build knows the worksheet's version.
func Groups(files Files, worksheet string, yield func(Group) error) error {
	f, err := files.Get(worksheet)
	if err != nil {
		return err
	}
	defer f.Close()
	dec, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return err
	}
	defer dec.Close()
	in := json.NewDecoder(bufio.NewReaderSize(dec, flushAt))
	for {
		var r versionedGroup
		switch err := in.Decode(&r); {
		case err == io.EOF:
			return nil
		case r.Version > worksheetVersion: // the rest of it may be unreadable too
			return fault.New(fault.Conflict, "worksheet_too_new",
				"the worksheet %s is of version %d and this program knows %d: nothing was changed; use the newer program", worksheet, r.Version, worksheetVersion)
		case err != nil:
			return err
		}
		if err := yield(r.Group); err != nil {
			return err
		}
	}
}
