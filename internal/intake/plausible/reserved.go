package plausible

import (
	"bytes"
	"encoding/json"
	"strings"
)

// Reserved says whether additional information names a reservation, or the meter that a reservation stood in for: the
// provider prints usage that a reservation pays for with an amount of 0 and names the reservation there alone.
func Reserved(info []byte) bool {
	lower := bytes.ToLower(info)
	if !bytes.Contains(lower, []byte("reservation")) && !bytes.Contains(lower, []byte("consumptionmeter")) {
		return false
	}
	var all map[string]any
	if json.Unmarshal(info, &all) != nil {
		return false
	}
	for name, value := range all {
		text, _ := value.(string)
		switch strings.ToLower(name) {
		case "reservationid", "reservationorderid", "consumptionmeter":
			if strings.Trim(text, "0- ") != "" && !strings.EqualFold(text, "null") {
				return true
			}
		}
	}
	return false
}
