package sms

import (
	"testing"
	"time"
)

// TestTencentSignature: the worked example of Tencent Cloud's documentation.
// https://cloud.tencent.com/document/api/213/30654
func TestTencentSignature(t *testing.T) {
	const body = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	s := tc3{keyID: "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", secret: "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", service: "cvm"}
	got := s.authorization(time.Unix(1551113065, 0), []signedHeader{
		{"content-type", "application/json; charset=utf-8"}, {"host", "cvm.tencentcloudapi.com"},
	}, []byte(body))
	const want = "TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, " +
		"SignedHeaders=content-type;host, Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestAlibabaSignature: the worked example of Alibaba Cloud's documentation.
// https://help.aliyun.com/zh/sdk/product-overview/v3-request-structure-and-signature
func TestAlibabaSignature(t *testing.T) {
	s := acs3{keyID: "YourAccessKeyId", secret: "YourAccessKeySecret"}
	query := encoded([]pair{{"RegionId", "cn-shanghai"}, {"ImageId", "win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"}})
	got := s.authorization(query, []signedHeader{
		{"host", "ecs.cn-shanghai.aliyuncs.com"}, {"x-acs-action", "RunInstances"}, {"x-acs-content-sha256", hexSHA256(nil)},
		{"x-acs-date", "2023-10-26T10:22:32Z"}, {"x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"},
		{"x-acs-version", "2014-05-26"},
	})
	const want = "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;" +
		"x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestEscape: RFC 3986, not that of forms.
func TestEscape(t *testing.T) {
	for text, want := range map[string]string{
		"a b": "a%20b", "a+b": "a%2Bb", "~-_.": "~-_.", "*": "%2A", "张&=\"": "%E5%BC%A0%26%3D%22", "": "", "a/b:c": "a%2Fb%3Ac",
	} {
		if got := escape(text); got != want {
			t.Errorf("escape(%q) = %q, want %q", text, got, want)
		}
	}
}
