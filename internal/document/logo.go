package document

import (
	"bytes"
	"encoding/base64"
	"image"
	_ "image/jpeg" // the two kinds of picture a logo may be
	_ "image/png"
	"strings"

	"codeberg.org/go-pdf/fpdf"

	"github.com/purveyor-csp/purveyor/internal/fault"
)

// maxPixels is the maximum width and height of a logo: a small file can expand to a picture that fills the memory.
const maxPixels = 4000

// CheckLogo is an Invalid fault with code bad_logo when a logo cannot be printed: it is a PNG or JPEG picture as base64.
func CheckLogo(logo string) error {
	raw, kind, err := picture(logo)
	if err != nil || len(raw) == 0 {
		return err
	}
	p := &page{Fpdf: fpdf.New("P", "mm", "A4", "")}
	if _, _, err := p.place("logo", kind, raw); err != nil {
		return fault.New(fault.Invalid, "bad_logo", "the logo is a %s picture of a kind that documents cannot print; save it as a PNG of 8 bits a colour, not interlaced", kind).Because(err)
	}
	return nil
}

// picture is a logo's bytes and whether it is PNG or JPEG.
func picture(logo string) (raw []byte, kind string, err error) {
	if logo == "" {
		return nil, "", nil
	}
	text := strings.NewReplacer("\n", "", "\r", "", " ", "").Replace(logo)
	if raw, err = base64.StdEncoding.DecodeString(text); err != nil {
		return nil, "", fault.New(fault.Invalid, "bad_logo", "the logo is not base64; encode it with: base64 -w0 logo.png").Because(err)
	}
	about, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil || kind != "png" && kind != "jpeg" {
		return nil, "", fault.New(fault.Invalid, "bad_logo", "the logo is neither a PNG nor a JPEG picture")
	}
	if about.Width < 1 || about.Height < 1 || about.Width > maxPixels || about.Height > maxPixels {
		return nil, "", fault.New(fault.Invalid, "bad_logo", "the logo has %d × %d pixels; it may have %d on a side", about.Width, about.Height, maxPixels)
	}
	if _, _, err := image.Decode(bytes.NewReader(raw)); err != nil {
		return nil, "", fault.New(fault.Invalid, "bad_logo", "the logo is a %s picture that is damaged", strings.ToUpper(kind)).Because(err)
	}
	return raw, map[string]string{"png": "PNG", "jpeg": "JPG"}[kind], nil
}

// place registers a picture with the PDF and returns its size.
func (p *page) place(name, kind string, raw []byte) (w, h float64, err error) {
	info := p.RegisterImageOptionsReader(name, fpdf.ImageOptions{ImageType: kind}, bytes.NewReader(raw))
	if p.Err() {
		return 0, 0, p.Error()
	}
	return info.Width(), info.Height(), nil
}
