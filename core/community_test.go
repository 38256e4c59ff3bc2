package core

import (
	"slices"
	"strings"
	"testing"
)

func TestDialNumber(t *testing.T) {
	for office, want := range map[string]string{
		"0755-88888888": "075588888888", "(0755) 8888 8888 转 8012": "075588888888,8012", "+86 755 88888888": "+8675588888888",
		"0755-88888888,0755-99999999": "075588888888", "0755-1111,0755-2222转5": "07551111",
		"0755-88888888转8012,0755-99999999": "075588888888,8012", "": "", "转": "", "（0755）88888888": "075588888888",
	} {
		if got := DialNumber(office); got != want {
			t.Errorf("DialNumber(%q) = %q, want %q", office, got, want)
		}
	}
}

// A community's own presets take the place of the usual ones; those that are the usual ones, or none, are kept as such.
func TestRefusals(t *testing.T) {
	usual := ReviewCertification.Type()
	base := Community{Name: "翠湖花园", Levels: DefaultLevels()}
	for name, c := range map[string]struct {
		given, want []string
		wrong       bool
	}{
		"none":         {nil, usual.Reasons, false},
		"empty lines":  {[]string{"", " "}, usual.Reasons, false},
		"the usual":    {usual.Reasons, usual.Reasons, false},
		"own, cleaned": {[]string{" 请到前台 ", "", "请到前台", "缺合同"}, []string{"请到前台", "缺合同"}, false},
		"no words":     {[]string{"---"}, nil, true},
		"too long":     {[]string{strings.Repeat("长", MaxRefusal+1)}, nil, true},
		"too many":     {strings.Split("甲乙丙丁戊己庚辛壬", ""), nil, true},
	} {
		community := base
		community.Refusals.Office = c.given
		community = community.Trimmed()
		if err := community.Check(); IsInvalid(err) != c.wrong {
			t.Errorf("%s: %v", name, err)
		}
		if got := community.Reasons(ReviewCertification); !c.wrong && !slices.Equal(got, c.want) {
			t.Errorf("%s: %q", name, got)
		}
		if got := community.OwnersReasons(ReviewCertification); !slices.Equal(got, usual.Owners) {
			t.Errorf("%s: the owners' %q", name, got)
		}
	}
}
