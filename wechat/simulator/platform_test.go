package simulator_test

import (
	"net/http"
	"strings"
	"testing"

	"tongxing/wechat/simulator"
)

// TestPlatformPage opens the platform's page of every kind of account, and saves where messages go to.
func TestPlatformPage(t *testing.T) {
	s, browser := newPhones(t)
	for id, want := range map[string]string{mini: "通行证", official: "服务器配置", other: "别家"} {
		text := page(t, browser, s.url+"/platform/"+id).Find("main").Text()
		if !strings.Contains(text, want) || !strings.Contains(text, id) || !strings.Contains(text, secret) {
			t.Errorf("the page of %s: %s", id, text)
		}
	}
	if has := page(t, browser, s.url+"/platform/"+mini).Find("form").Length(); has != 0 {
		t.Error("a mini-program has a server to set")
	}
	s.sim.AddCorp(simulator.Corp{
		CorpID: "ww0000000000000001", Sync: simulator.Agent{Secret: "contact"},
		Agents: []simulator.Agent{{ID: 7, Name: "物业", Secret: "app"}},
	})
	for path, want := range map[string]int{"": http.StatusNotFound, "/7": http.StatusOK, "/0": http.StatusOK} {
		got, err := browser.Get(s.url + "/platform/ww0000000000000001" + path)
		if err != nil {
			t.Fatal(err)
		}
		if got.Body.Close(); got.StatusCode != want {
			t.Errorf("the page of an app of a company, %q: %d", path, got.StatusCode)
		}
	}
	form := page(t, browser, s.url+"/platform/ww0000000000000001/7").Find("form")
	if action := form.AttrOr("action", ""); !strings.HasSuffix(action, "/platform/ww0000000000000001/7") {
		t.Errorf("it posts to %q", action)
	}
	res, err := browser.Get(s.url + "/platform/none")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusNotFound {
		t.Errorf("the page of an unknown account: %d", res.StatusCode)
	}
	notice := page(t, browser, s.url+"/platform/"+official+"?bad=x").Find("[role=status].bad").Text()
	if notice != "x" {
		t.Errorf("what was wrong: %q", notice)
	}
}
