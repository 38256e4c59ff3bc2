package core

import "testing"

func TestOnePerson(t *testing.T) {
	home := ResidentPick{Person: 1, Name: "张三", Phone: "138****0001", House: "1栋101"}
	other := ResidentPick{Person: 1, Name: "张三", Phone: "138****0001", House: "2栋202"}
	namesake := ResidentPick{Person: 2, Name: "张三", Phone: "139****0002", House: "1栋101"}
	longer := ResidentPick{Person: 3, Name: "张三丰", Phone: "137****0003", House: "1栋101"}
	for name, c := range map[string]struct {
		text  string
		found []ResidentPick
		want  ID
	}{
		"nobody":                    {"张三", nil, 0},
		"the only one":              {"0001", []ResidentPick{home}, 1},
		"one person in two homes":   {"张三", []ResidentPick{home, other}, 1},
		"a whole name among longer": {"张三", []ResidentPick{longer, home}, 1},
		"namesakes":                 {"张三", []ResidentPick{home, namesake}, 0},
		"namesakes among longer":    {"张三", []ResidentPick{home, longer, namesake}, 0},
		"a pick among namesakes":    {namesake.Text(), []ResidentPick{home, namesake}, 2},
		"a house of several":        {"1栋101", []ResidentPick{home, longer}, 0},
	} {
		if got, ok := OnePerson(c.text, c.found); got != c.want || ok != (c.want != 0) {
			t.Errorf("%s: %d %v, want %d", name, got, ok, c.want)
		}
	}
}

func TestSplitPick(t *testing.T) {
	p := ResidentPick{Name: "张三", Phone: "138****0001", House: "1栋101"}
	if name, phone, house, ok := SplitPick(p.Text()); !ok || name != p.Name || phone != p.Phone || house != p.House {
		t.Errorf("%q is %q %q %q %v", p.Text(), name, phone, house, ok)
	}
	for _, text := range []string{"", "张三", "张三 · 1栋101"} {
		if _, _, _, ok := SplitPick(text); ok {
			t.Errorf("%q is a pick", text)
		}
	}
}
