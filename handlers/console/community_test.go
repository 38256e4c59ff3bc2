package console

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
	"tongxing/testkit/desk"
)

// Archiving asks first, removes the community from the list, and can be undone.
func TestCommunityIsArchivedAndRestored(t *testing.T) {
	d := newDesk(t)
	b := d.Registrar(t)
	path := frame.CommunityURL(d.Mine.Community)
	rows := func(query string) int {
		t.Helper()
		return b.Get(t, frame.CommunityPath+query, http.StatusOK).Find("tbody tr").Length()
	}
	// A door that lets people in prevents archiving, which is reported before the confirmation.
	if _, to := b.Post(t, path+"/archive", nil, http.StatusSeeOther); to != frame.ReaderPath+"?community="+d.Mine.Community.String() {
		t.Errorf("with doors archiving leads to %s", to)
	}
	if text := b.Get(t, frame.ReaderPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "停用它的") {
		t.Errorf("with doors archiving says %q", text)
	}
	community, err := d.Store.Community(t.Context(), core.Everywhere, d.Mine.Community)
	if err != nil {
		t.Fatal(err)
	}
	named := desk.WithConfirmed(url.Values{"typed": {community.Name}})
	b.Post(t, path+"/archive", named, http.StatusSeeOther)
	if text := b.Get(t, frame.CommunityPath, http.StatusOK).Find(".tx-flash").Text(); !strings.Contains(text, "门禁") || rows("") != 1 {
		t.Errorf("with doors: %q", text)
	}
	for _, door := range d.Mine.Doors {
		if err := d.Store.DisableReader(t.Context(), core.System, core.Everywhere, door.ID); err != nil {
			t.Fatal(err)
		}
	}
	page, _ := b.Post(t, path+"/archive", nil, http.StatusOK)
	if page.Find("form.tx-confirm").AttrOr("action", "") != path+"/archive" || rows("") != 1 {
		t.Fatal("archiving does not ask")
	}
	b.Post(t, path+"/archive", desk.ConfirmedForm(), http.StatusUnprocessableEntity) // its name is not typed
	if rows("") != 1 {
		t.Error("archived by one press")
	}
	b.Post(t, path+"/archive", named, http.StatusSeeOther)
	if rows("") != 0 || rows("?archived=yes") != 1 {
		t.Errorf("archived: %d in use, %d archived", rows(""), rows("?archived=yes"))
	}
	b.Post(t, path+"/restore", desk.ConfirmedForm(), http.StatusSeeOther)
	if rows("") != 1 || rows("?archived=yes") != 0 {
		t.Errorf("restored: %d in use, %d archived", rows(""), rows("?archived=yes"))
	}
}
