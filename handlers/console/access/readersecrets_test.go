package access

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tongxing/core"
	"tongxing/handlers/console/frame"
)

// What is entered in several devices comes as one file, after a question, and each is noted as on its page.
func TestReaderSecretsAreExported(t *testing.T) {
	d := newDesk(t)
	b := d.Manager(t)
	one, two := d.Mine.Doors[0], d.Mine.Doors[1]
	form := url.Values{"id": {one.ID.String(), two.ID.String()}}
	ask, _ := b.Post(t, readerSecretsPath, form, http.StatusOK)
	if text := ask.Find(".tx-confirm").Text(); !strings.Contains(text, "导出 2 台读头的接入信息？") || strings.Contains(text, one.Secret) {
		t.Fatalf("asks %q", text)
	}
	form.Set("confirmed", "1")
	rows := b.Download(t, b.Form(t, readerSecretsPath, form))
	if len(rows) != 3 || !strings.Contains(rows[1][5], "/door/"+one.Protocol+"/"+one.Secret) {
		t.Errorf("the file is %q", rows)
	}
	filter := core.AuditFilter{Action: "reader.reveal_secret"}
	list, _, err := d.Store.AuditRecords(t.Context(), core.Everywhere, filter, core.Page{Limit: 9})
	if err != nil || len(list) != 2 {
		t.Errorf("%d lines, %v", len(list), err)
	}
	form["id"] = append(form["id"], d.Others.Doors[0].ID.String())
	b.Post(t, readerSecretsPath, form, http.StatusNotFound)
	d.SignIn(t, core.ScopeOf(d.Mine.Community), core.PermReaderView).Post(t, readerSecretsPath, form, http.StatusForbidden)
	if page := b.Get(t, frame.ReaderPath, http.StatusOK); page.Find(`button[formaction^="`+readerSecretsPath+`"]`).Length() != 1 {
		t.Error("the list does not offer it")
	}
}
