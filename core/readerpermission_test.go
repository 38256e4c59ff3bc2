package core

import "testing"

func TestReaderPermissions(t *testing.T) {
	all := []PassKind{PassResident, PassVisitor}
	is := func(qr bool, kinds []PassKind, nodes ...ID) ReaderPermission {
		return ReaderPermission{QRAllowed: qr, Kinds: kinds, ScopeNodes: nodes}
	}
	for _, c := range []struct {
		name          string
		was, is       ReaderPermission
		same, narrows bool
	}{
		{"nothing", is(true, all, 1, 2), is(true, all, 1, 2), true, false},
		{"another order", is(true, all, 1, 2), is(true, []PassKind{PassVisitor, PassResident}, 2, 1), true, false},
		{"off", is(true, all), is(false, all), false, true},
		{"on", is(false, all), is(true, all), false, false},
		{"a kind less", is(true, all), is(true, all[:1]), false, true},
		{"a kind more", is(true, all[:1]), is(true, all), false, false},
		{"one building instead of all", is(true, all), is(true, all, 1), false, true},
		{"all instead of one", is(true, all, 1), is(true, all), false, false},
		{"another building", is(true, all, 1), is(true, all, 2), false, true},
		{"a building more", is(true, all, 1), is(true, all, 1, 2), false, false},
	} {
		if got := c.is.Same(c.was); got != c.same {
			t.Errorf("%s: same %v", c.name, got)
		}
		if got := c.is.Narrows(c.was); got != c.narrows {
			t.Errorf("%s: narrows %v", c.name, got)
		}
	}
}
