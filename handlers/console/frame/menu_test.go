package frame

import (
	"os"
	"slices"
	"strings"
	"testing"

	"tongxing/core"
)

func TestMenuShowsWhatIsAllowed(t *testing.T) {
	groups := Menu("reader", func(p core.Permission) bool { return p == core.PermReaderView })
	if len(groups) != 2 || groups[0].Items[0].URL != "/console" || groups[1].Items[0].URL != "/console/reader" {
		t.Fatalf("menu %+v", groups)
	}
	if len(groups[1].Items) != 1 || groups[0].Items[0].Active || !groups[1].Items[0].Active {
		t.Errorf("menu %+v", groups)
	}
	if groups := Menu("", func(core.Permission) bool { return false }); len(groups) != 1 || !groups[0].Items[0].Active {
		t.Errorf("nothing allowed: %+v", groups)
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
