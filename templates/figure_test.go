package templates

import "testing"

// A figure that is counted no further than a list says so; one that is counted whole is exact.
func TestFigureValue(t *testing.T) {
	for _, c := range []struct {
		f    Figure
		want string
	}{
		{Figure{N: 7}, "7"}, {Figure{N: 1234}, "1,234"}, {Figure{N: 12345}, "12,345"},
		{Figure{N: maxTotal, Bounded: true}, "10,000"}, {Figure{N: maxTotal + 1, Bounded: true}, "1 万以上"},
	} {
		if got := c.f.Value(); got != c.want {
			t.Errorf("%+v is %q, want %q", c.f, got, c.want)
		}
	}
}
