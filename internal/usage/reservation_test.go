package usage

import "testing"

// A reservation is named by its id, its order or its meter, in any letters; blank ones name none. Since the third reading
// it is found in whatever way the text is nested or encoded.
func TestNamesReservation(t *testing.T) {
	for info, want := range map[string]struct {
		second, third bool
		id            string
	}{
		`{"ReservationId":"d-1","ReservationOrderId":"o-1","ConsumptionMeter":"m"}`: {true, true, "d-1"},
		`{"ReservationOrderId":"o-1","vCores":2,"ReservationId":"d-1"}`:             {true, true, "d-1"},
		`{"a":1,"RESERVATIONORDERID":"o-1"}`:                                        {true, true, "o-1"},
		`{"consumptionMeter":"m"}`:                                                  {true, true, ""},
		`{"ReservationId":""}`:                                                      {},
		`{"ReservationId":null,"ReservationOrderId":"NULL"}`:                        {},
		`{"ReservationId":"00000000-0000-0000-0000-000000000000"}`:                  {},
		`{"UsageType":"Reservation"}`:                                               {},
		`{"VMCapacityReservationId":"c-1"}`:                                         {},
		`{"ReservationId":"d-1"`:                                                    {},
		`{"ReservationId":17}`:                                                      {},
		``:                                                                          {},
		`{"ServiceType":"B1s","benefit":{"reservation":{"reservationId":"d-2"}}}`: {false, true, "d-2"},
		`{"benefits":[{"ReservationId":""},{"ReservationId":"d-3"}]}`:             {false, true, "d-3"},
		`[{"ReservationId":"d-4"}]`:                                               {false, true, "d-4"},
		`"{\"ReservationId\":\"d-5\"}"`:                                           {false, true, "d-5"},
		`"\"{\\\"ReservationOrderId\\\":\\\"o-6\\\"}\""`:                          {false, true, "o-6"},
		`{\"ReservationId\":\"d-7\"}`:                                             {false, true, "d-7"},
		`{"AdditionalProperties":"{\"ReservationId\":\"d-8\"}"}`:                  {false, true, "d-8"},
		`{"note":"{\"ReservationId\":\"d-9\""}`:                                   {},
		`"{\"VMName\":\"reservation\"}"`:                                          {},
		`{"x":{"ReservationId":"d-10"}`:                                           {},
	} {
		for reading, names := range map[int]bool{2: want.second, 3: want.third} {
			if got := NamesReservation(reading, []byte(info)); got != names {
				t.Errorf("reading %d, %s: names one %t", reading, info, got)
			}
		}
		if got := ReservationOf(info); got != want.id {
			t.Errorf("%s: %q", info, got)
		}
	}
}
