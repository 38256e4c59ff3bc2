package core

import "testing"

func TestObstaclesAreCounted(t *testing.T) {
	for _, c := range []struct {
		o    Obstacle
		want string
	}{
		{Obstacle{Stem: "house", N: 2}, "2 套房屋"}, {Obstacle{Stem: "resident", N: 1510}, "1,510 名住户"},
		{Obstacle{Stem: "accessrecord", N: 1000, More: true}, "超过 1,000 条出入记录"},
	} {
		if got := c.o.Text(); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
}
