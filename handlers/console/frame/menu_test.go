package frame

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/templates"
)

func TestMenuShowsWhatIsAllowed(t *testing.T) {
	only := func(wanted ...core.Permission) func(core.Permission) bool {
		return func(p core.Permission) bool { return slices.Contains(wanted, p) }
	}
	groups := Menu("reader", only(core.PermReaderView))
	if len(groups) != 3 || groups[0].Items[0].URL != "/console" || groups[1].Items[0].URL != "/console/reader" {
		t.Fatalf("menu %+v", groups)
	}
	if len(groups[1].Items) != 1 || groups[0].Active || !groups[1].Active || !groups[1].Items[0].Active || groups[1].Folds() {
		t.Errorf("menu %+v", groups)
	}
	if groups := Menu("", only()); len(groups) != 2 || !groups[0].Items[0].Active || groups[1].Items[0].URL != JobPath {
		t.Errorf("nothing allowed: %+v", groups)
	}
	// A line whose first tab is not allowed leads to the next, and is marked on that tab's page.
	groups = Menu("observer", only(core.PermObserverView))
	if line := groups[1].Items[0]; line.Label != "通行证设置" || line.URL != ObserverPath || !line.Active {
		t.Errorf("the line of a tab: %+v", line)
	}
	all := Menu("role", func(core.Permission) bool { return true })
	for _, g := range all {
		if g.Active != (g.Name == "account") || g.Name != "home" && !g.Folds() {
			t.Errorf("on the roles' page: %+v", g)
		}
	}
	countMenu(all, []Waiting{{Counter{Stem: "accessalert"}, 3}, {Counter{Stem: "reader"}, 4}, {Counter{}, 5}})
	alerts := slices.IndexFunc(all[1].Items, func(i templates.NavItem) bool { return i.Stem == "accessalert" })
	if all[1].Count() != 7 || alerts < 0 || all[1].Items[alerts].Count != 3 || all[0].Count() != 12 || all[2].Count()+all[3].Count() != 0 {
		t.Errorf("counts: %+v", all)
	}
}

func TestMenuIconsExist(t *testing.T) {
	text, err := os.ReadFile("../../../templates/assets/icons.txt")
	if err != nil {
		t.Fatal(err)
	}
	icons := strings.Fields(string(text))
	for _, group := range Menu("", func(core.Permission) bool { return true }) {
		for _, item := range group.Items {
			if !slices.Contains(icons, item.Icon) {
				t.Errorf("%s: no icon %s", item.Label, item.Icon)
			}
		}
	}
}
