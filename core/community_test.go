package core

import "testing"

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
