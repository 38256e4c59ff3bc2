package core

import "testing"

func TestParseTenths(t *testing.T) {
	for _, c := range []struct {
		text string
		want int
		ok   bool
	}{
		{"37.3", 373, true}, {"37", 370, true}, {"37.25", 373, true}, {" 36,6 ", 366, true}, {"36，6℃", 366, true}, {"36。6 °C", 366, true},
		{"３７．３", 373, true}, {"0", 0, true}, {"100", 1000, true},
		{"", 0, false}, {"热", 0, false}, {"NaN", 0, false}, {"Inf", 0, false}, {"-1", 0, false}, {"100.1", 0, false}, {"1e9", 0, false},
	} {
		if got, ok := ParseTenths(c.text); got != c.want || ok != c.ok {
			t.Errorf("ParseTenths(%q) = %d, %v; want %d, %v", c.text, got, ok, c.want, c.ok)
		}
	}
}
