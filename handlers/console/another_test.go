package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/templates"
	"tongxing/testkit/desk"
)

// 保存并继续添加 saves, says what was saved with a link to it, and opens the form for the next one, in the
// same community, and house or building. The form's first button leads to what was added, as ever.
func TestSaveAndAddAnother(t *testing.T) {
	d := newDesk(t)
	b := d.SignIn(t, core.Everywhere, core.Permissions()...)
	community := d.Mine.Community.String()
	house := desk.HouseLabel(t, d, d.Mine.Houses[0])
	for _, c := range []struct {
		path, name string
		typed      url.Values
		kept       map[string]string
	}{
		{frame.HousePath, "77栋1单元101室", url.Values{"level0": {"77栋"}, "level1": {"1单元"}, "level2": {"101室"}},
			map[string]string{"level0": "77栋", "level1": "1单元", "level2": ""}},
		{frame.ResidentPath, "何雅文", url.Values{"house": {house}, "name": {"何雅文"}, "phone": {"19900007701"}},
			map[string]string{"house": house, "name": "", "phone": ""}},
		{frame.ReaderPath, "东门读头", url.Values{"name": {"东门读头"}, "gate": {"东门"}, "serial": {"VG7701"}},
			map[string]string{"name": ""}},
		{frame.GuardPostPath, "东门岗", url.Values{"name": {"东门岗"}}, map[string]string{"name": ""}},
		{frame.GuardPath, "李卫东", url.Values{"name": {"李卫东"}, "phone": {"19900007702"}}, map[string]string{"name": ""}},
		{frame.ObserverPath, "周敏", url.Values{"name": {"周敏"}, "capacity": {"街道网格员"}, "phone": {"19900007703"}},
			map[string]string{"name": ""}},
	} {
		t.Run(c.path, func(t *testing.T) {
			page := b.Open(t, c.path+"/new?community="+community)
			if page.Find("main .tx-form-foot button").First().AttrOr("name", "") != "" {
				t.Error("Enter does not press the form's own button")
			}
			button := page.Find(`main .tx-form-foot button[name="` + templates.MoreField + `"]`)
			if button.Length() != 1 || button.HasClass("btn-primary") {
				t.Fatalf("%d quiet buttons for another one", button.Length())
			}
			form := desk.FilledIn(page)
			for name, values := range c.typed {
				form[name] = values
			}
			form.Set(templates.MoreField, "1")
			_, to := b.Post(t, c.path, form, http.StatusSeeOther)
			if !strings.HasPrefix(to, c.path+"/new?") {
				t.Fatalf("leads to %s", to)
			}
			page = b.Open(t, to)
			flash := page.Find(".tx-flash")
			if !strings.Contains(flash.Text(), "“"+c.name+"”") {
				t.Errorf("it says %q", flash.Text())
			}
			saved := flash.Find("a").First().AttrOr("href", "")
			if !strings.Contains(b.Get(t, saved, http.StatusOK).Find("main").Text(), c.name) {
				t.Errorf("the link of the message, %s, does not show it", saved)
			}
			next := desk.FilledIn(page)
			if next.Get("community")+next.Get("communities") != community {
				t.Errorf("the community is not kept: %v", next)
			}
			for name, want := range c.kept {
				if got := next.Get(name); got != want {
					t.Errorf("%s of the next one is %q, want %q", name, got, want)
				}
			}
			// The server's own message about an entry shows the button again.
			page, _ = b.Post(t, c.path, next, http.StatusUnprocessableEntity)
			if page.Find(`main button[name="`+templates.MoreField+`"]`).Length() != 1 {
				t.Error("after a wrong entry the button is gone")
			}
		})
	}
}
