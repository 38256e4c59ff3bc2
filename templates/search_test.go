package templates

import "testing"

// The number of hits is that of all there are, or says that there are more.
func TestFoundText(t *testing.T) {
	all := SearchGroup{Label: "住户", Hits: make([]SearchHit, 3)}
	cut := SearchGroup{Label: "房屋", Hits: make([]SearchHit, 5), More: "/console/house?q=1"}
	unread := SearchGroup{Label: "记录", Unread: []Action{{Label: "在访客黑名单中查找", URL: "/console/visitorblock?q=1"}}}
	for _, c := range []struct {
		groups []SearchGroup
		want   string
	}{{nil, "0 项"}, {[]SearchGroup{all}, "3 项"}, {[]SearchGroup{all, cut}, "8 项以上"}, {[]SearchGroup{all, unread}, "3 项以上"}} {
		if got := (SearchAnswer{Groups: c.groups}).FoundText(); got != c.want {
			t.Errorf("%d groups: %q, want %q", len(c.groups), got, c.want)
		}
	}
}
