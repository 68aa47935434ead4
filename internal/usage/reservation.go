package usage

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
)

// The provider prints usage that a reservation pays for with an amount of 0, and mostly names the reservation in
// AdditionalInfo alone, as {"ReservationId":…,"ReservationOrderId":…,"ConsumptionMeter":…}. Depending on the export these
// members stand in an object within it, and AdditionalInfo or a member of it is JSON that was encoded as text once more.

// NamesReservation says whether additional information names a reservation, or the meter that a reservation stood in
// for. Up to the second reading only an object's own members count.
func NamesReservation(reading int, info []byte) bool {
	if !mayNameReservation(info) {
		return false
	}
	if reading < 3 {
		return topNamesReservation(info)
	}
	n := reservationNames(string(info))
	return n.id != "" || n.order != "" || n.meter != ""
}

// ReservationOf is the id of the reservation that additional information names, as printed; where it names an order
// alone, the id of the order. It is "" where it names neither.
func ReservationOf(info string) string {
	if !mayNameReservation([]byte(info)) {
		return ""
	}
	if n := reservationNames(info); n.id != "" {
		return n.id
	} else {
		return n.order
	}
}

// mayNameReservation is false for nearly all rows, which need not be read as JSON then.
func mayNameReservation(info []byte) bool {
	lower := bytes.ToLower(info)
	return bytes.Contains(lower, []byte("reservation")) || bytes.Contains(lower, []byte("consumptionmeter"))
}

// topNamesReservation is NamesReservation as the second reading has it.
func topNamesReservation(info []byte) bool {
	var all map[string]any
	if json.Unmarshal(info, &all) != nil {
		return false
	}
	for name, value := range all {
		text, _ := value.(string)
		switch strings.ToLower(name) {
		case "reservationid", "reservationorderid", "consumptionmeter":
			if names(text) {
				return true
			}
		}
	}
	return false
}

// names says whether a text is an id, and not one of those that stand for none.
func names(text string) bool {
	return strings.Trim(text, "0- ") != "" && !strings.EqualFold(text, "null")
}

// reservationNamed is what of a reservation is named: the first of each, in the order of the text.
type reservationNamed struct{ id, order, meter string }

// reservationNames reads additional information in whatever way it is nested or encoded. What is no JSON names nothing.
func reservationNames(info string) (found reservationNamed) {
	if !json.Valid([]byte(info)) { // text whose quotes are escaped, but which has none around it
		info = `"` + info + `"`
	}
	var n reservationNamed
	if n.read(info, 0) != nil {
		return found
	}
	return n
}

// maxEncodings is how often JSON may be encoded as text within JSON.
const maxEncodings = 4

// read reads a text of JSON, which was encoded as text so often.
func (n *reservationNamed) read(info string, encoded int) error {
	dec := json.NewDecoder(strings.NewReader(info))
	dec.UseNumber()
	if err := n.value(dec, "", encoded); err != nil {
		return err
	}
	if dec.More() {
		return errNoJSON
	}
	return nil
}

var errNoJSON = errors.New("more than one JSON value")

// value reads one value; name is that of the member it is.
func (n *reservationNamed) value(dec *json.Decoder, name string, encoded int) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		for dec.More() {
			member := ""
			if t == '{' {
				key, err := dec.Token()
				if err != nil {
					return err
				}
				member, _ = key.(string)
			}
			if err := n.value(dec, member, encoded); err != nil {
				return err
			}
		}
		_, err = dec.Token() // the closing bracket
		return err
	case string:
		n.text(name, t, encoded)
	}
	return nil
}

// text takes a text, which may be an id or JSON itself.
func (n *reservationNamed) text(name, text string, encoded int) {
	first := func(into *string) {
		if *into == "" && names(text) {
			*into = strings.TrimSpace(text)
		}
	}
	switch strings.ToLower(name) {
	case "reservationid":
		first(&n.id)
	case "reservationorderid":
		first(&n.order)
	case "consumptionmeter":
		first(&n.meter)
	default:
		if t := strings.TrimSpace(text); encoded < maxEncodings && len(t) > 1 && (t[0] == '{' || t[0] == '[' || t[0] == '"') && mayNameReservation([]byte(t)) {
			inner := *n
			if inner.read(t, encoded+1) == nil {
				*n = inner
			}
		}
	}
}
