package simulator_test

import (
	"strings"
	"testing"

	"tongxing/wechat/simulator"
)

// TestPromptsOnThePhone: a person accepts, rejects, and turns templates off and on.
func TestPromptsOnThePhone(t *testing.T) {
	s, browser := newPhones(t)
	for _, c := range []struct {
		path   string
		pairs  []string
		grants int
	}{
		{"/phone/li/grant", []string{"app", mini, "template", "M1"}, 1}, {"/phone/li/grant", []string{"app",
			mini, "template", "M1", "no", "1"}, 1},
		{"/phone/li/grant", []string{"app", mini, "template", "M1"}, 2},
	} {
		to := post(t, browser, s.url+c.path, c.pairs...)
		if got := s.sim.Grants("li", mini, "M1"); got != c.grants || to.Query().Get("flash") == "" {
			t.Errorf("%v: %d grants, %v", c.pairs, got, to)
		}
	}
	body := `{"touser":"` + s.sim.OpenID("li", mini) + `","template_id":"M1","data":{"thing1":{"value":"x"}}}`
	for _, off := range []bool{true, false} {
		pairs := []string{"app", mini, "template", "M1"}
		if off {
			pairs = append(pairs, "off", "1")
		}
		to := post(t, browser, s.url+"/phone/li/switch", pairs...)
		shown := page(t, browser, to.String()).Find("details.trick").Text()
		if strings.Contains(shown, "打开「到访提醒」") != off || !strings.Contains(shown, "还能收 2 条") {
			t.Errorf("off %t: the phone shows %q", off, shown)
		}
		got := s.call("/cgi-bin/message/subscribe/send", body, "access_token", s.token(mini))
		if (got.code() == 43101) != off {
			t.Errorf("off %t: %s", off, got.raw)
		}
	}
}

// TestWorkOnThePhone: a member's phone has the chats of the company's apps, others' do not.
func TestWorkOnThePhone(t *testing.T) {
	s, browser := newPhones(t)
	s.sim.AddCorp(simulator.Corp{CorpID: "ww1", Name: "物业", Sync: simulator.Agent{Secret: "sync"},
		Agents:      []simulator.Agent{{ID: 7, Name: "门岗应用", Secret: "app"}},
		Departments: []simulator.CorpDepartment{{ID: 1, Name: "物业"}},
		Members:     []simulator.CorpMember{{UserID: "li", Name: "李娜", Departments: []int{1}, Person: "li"}}})
	got := s.callOn("qyapi.weixin.qq.com", "/cgi-bin/gettoken", "", "corpid", "ww1", "corpsecret", "app")
	card := `{"touser":"li","msgtype":"textcard","agentid":"7","textcard":{"title":"待审核","description":"三件","url":"https://a.cn/r"}}`
	if sent := s.callOn("qyapi.weixin.qq.com", "/cgi-bin/message/send", card, "access_token",
		got.text("access_token")); sent.code() != 0 {
		t.Fatal(sent.raw)
	}
	doc := page(t, browser, s.url+"/phone/li?app=ww1%2F7")
	if doc.Find(".card h3").Text() != "待审核" || doc.Find("header.top h1").First().Text() != "门岗应用" {
		t.Errorf("the chat is %q", doc.Find("[data-chat]").Text())
	}
	if page(t, browser, s.url+"/phone/zhang").Find("nav.accounts").Text() != "" &&
		strings.Contains(page(t, browser, s.url+"/phone/zhang").Find("nav.accounts").Text(), "门岗应用") {
		t.Error("an outsider has the company's app")
	}
	for _, call := range s.sim.Calls() {
		if strings.Contains(call.Query, "corpsecret=app") {
			t.Errorf("the log has %+v", call)
		}
	}
}
