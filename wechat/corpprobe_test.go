package wechat

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"tongxing/wechat/simulator"
)

// Each setting of a company that is wrong is found, and named, before those after it.
func TestProbeCorp(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	set := func(change func(c *simulator.Corp)) {
		corp := simulator.Corp{
			CorpID: "ww00000000000000a1", Sync: simulator.Agent{Secret: "contact-secret"},
			Agents:      []simulator.Agent{{ID: 1000002, Secret: "app-secret"}, {ID: 1000003, Secret: "other-secret"}},
			Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}},
		}
		change(&corp)
		sim.AddCorp(corp)
	}
	probe := func(corpID, secret string, agent int, contact string) error {
		c := New(Options{APIBase: server.URL, LoopbackOnly: true})
		return ProbeCorp(t.Context(), c.CorpApp(CorpOptions{CorpID: corpID, Secret: secret, Agent: agent}),
			c.CorpApp(CorpOptions{CorpID: corpID, Secret: contact}))
	}
	right := func(*simulator.Corp) {}
	for name, c := range map[string]struct {
		world                   func(c *simulator.Corp)
		corpID, secret, contact string
		agent                   int
		part                    CorpPart
		code                    int
	}{
		"right":             {right, "ww00000000000000a1", "app-secret", "contact-secret", 1000002, "", 0},
		"another company":   {right, "ww00000000000000a2", "app-secret", "contact-secret", 1000002, CorpPartApp, 40013},
		"a wrong secret":    {right, "ww00000000000000a1", "old-secret", "contact-secret", 1000002, CorpPartApp, 40001},
		"another app":       {right, "ww00000000000000a1", "app-secret", "contact-secret", 1000003, CorpPartAgent, 301002},
		"a wrong contact":   {right, "ww00000000000000a1", "app-secret", "old-secret", 1000002, CorpPartContact, 40001},
		"an app as contact": {right, "ww00000000000000a1", "app-secret", "other-secret", 1000002, CorpPartContact, 48002},
		"an app that sees nothing": {func(c *simulator.Corp) { c.Agents[0].Visible = []int{99} }, "ww00000000000000a1", "app-secret",
			"contact-secret", 1000002, CorpPartRange, 60011},
		"an app that sees members alone": {func(c *simulator.Corp) {
			c.Agents[0].VisibleMembers = []string{"li"}
		}, "ww00000000000000a1", "app-secret", "contact-secret", 1000002, "", 0},
		"an address that is not listed": {func(c *simulator.Corp) { c.Agents[0].Whitelist = []string{"203.0.113.9"} },
			"ww00000000000000a1", "app-secret", "contact-secret", 1000002, CorpPartApp, 60020},
		"nor that of the contacts": {func(c *simulator.Corp) { c.Sync.Whitelist = []string{"203.0.113.9"} },
			"ww00000000000000a1", "app-secret", "contact-secret", 1000002, CorpPartContact, 60020},
	} {
		set(c.world)
		err := probe(c.corpID, c.secret, c.agent, c.contact)
		var problem *CorpProblem
		if c.part == "" && err != nil || c.part != "" && (!errors.As(err, &problem) || problem.Part != c.part || CodeOf(err) != c.code) {
			t.Errorf("%s: %v", name, err)
		}
	}
	// What was refused for its address is asked again at once.
	c := New(Options{APIBase: server.URL, LoopbackOnly: true})
	app := c.CorpApp(CorpOptions{CorpID: "ww00000000000000a1", Secret: "app-secret", Agent: 1000002})
	set(func(c *simulator.Corp) { c.Agents[0].Whitelist = []string{"203.0.113.9"} })
	if err := ProbeCorp(t.Context(), app, app); CodeOf(err) != 60020 {
		t.Errorf("not listed: %v", err)
	}
	set(right)
	var problem *CorpProblem
	if err := ProbeCorp(t.Context(), app, app); !errors.As(err, &problem) || problem.Part != CorpPartContact {
		t.Errorf("after it was listed: %v", err)
	}
}

// An answer without a department is believed only of an app that sees members one by one: it would remove all.
func TestSightWithoutDepartments(t *testing.T) {
	for visible, right := range map[string]bool{
		`"allow_partys":{"partyid":[1]}`: false, `"close":0`: false, `"allow_userinfos":{"user":[{"userid":"li"}]}`: true,
		`"allow_userinfos":{"user":[{"userid":"li"}]},"allow_partys":{"partyid":[2]}`: false,
	} {
		p := newPlatform(t)
		p.on("/cgi-bin/agent/get", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok",`+visible+"}")
		})
		p.on("/cgi-bin/department/list", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprint(w, `{"errcode":0,"errmsg":"ok","department":[]}`)
		})
		_, members, err := p.corp(Options{}).Sight(t.Context())
		if right && (err != nil || len(members) != 1) || !right && CodeOf(err) != 60011 {
			t.Errorf("%s: %v, %v", visible, members, err)
		}
	}
}
