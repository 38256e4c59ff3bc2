package templates

import (
	"net/url"
	"testing"
)

func TestWithQuery(t *testing.T) {
	query := url.Values{"page": {"3"}, "kind": {"b", "", "a"}, "empty": {""}, "名": {"张&三"}}
	sealed := url.Values{"q": {"张三"}, "q_": {"seal"}}
	for _, c := range []struct {
		query url.Values
		pairs []string
		want  string
	}{
		{nil, nil, "/p"},
		{url.Values{"empty": {""}}, nil, "/p"},
		{nil, []string{"b", "2", "a", "x y"}, "/p?a=x+y&b=2"},
		{query, nil, "/p?kind=b&kind=a&page=3&%E5%90%8D=%E5%BC%A0%26%E4%B8%89"},
		{query, []string{"page", "", "kind", "c"}, "/p?kind=c&%E5%90%8D=%E5%BC%A0%26%E4%B8%89"},
		{nil, []string{"a", "1", "a", "2"}, "/p?a=2"},
		{nil, []string{"a", "1", "a", ""}, "/p"},
		{nil, []string{"a", "1", "odd"}, "/p?a=1"},
		{sealed, nil, "/p?q_=seal"},
		{sealed, []string{"q", "李四"}, "/p?q=%E6%9D%8E%E5%9B%9B"},
		{sealed, []string{"q", ""}, "/p"},
		{sealed, []string{"q_", "new"}, "/p?q_=new"},
		{url.Values{"q": {"张三"}, "q_": {""}}, nil, "/p?q=%E5%BC%A0%E4%B8%89"},
	} {
		before := c.query.Encode()
		if got := WithQuery("/p", c.query, c.pairs...); got != c.want {
			t.Errorf("%v with %q: %s, not %s", c.query, c.pairs, got, c.want)
		}
		if after := c.query.Encode(); after != before {
			t.Errorf("the query became %s", after)
		}
	}
}
