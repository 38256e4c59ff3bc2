package simulator

import "testing"

// A member of a company sees its app's menu and opens its pages; who is not one does not.
func TestMenuOfACompanysApp(t *testing.T) {
	s := New(Options{Seed: Seed{People: []Person{{Key: "he", Name: "何雅文"}, {Key: "chen", Name: "陈建国"}}}})
	s.AddCorp(Corp{
		CorpID: "ww00000000000000a1", Sync: Agent{Secret: "sync"}, Members: []CorpMember{{UserID: "HeYaWen", Person: "he"}},
		Agents: []Agent{{
			ID: 1000002, Secret: "app", Menu: []Button{{Type: "view", Name: "工作台", URL: "https://pass.example.com/h5/staff"}},
		}},
	})
	app := WorkID("ww00000000000000a1", 1000002)
	if b, err := s.Tap("he", app, 0); err != nil || b.URL != "https://pass.example.com/h5/staff" {
		t.Errorf("%+v, %v", b, err)
	}
	if _, err := s.Tap("chen", app, 0); err == nil {
		t.Error("who is no member opens the page")
	}
	if _, err := s.Tap("he", WorkID("ww00000000000000a1", 0), 0); err == nil {
		t.Error("the contact sync has a menu")
	}
}
