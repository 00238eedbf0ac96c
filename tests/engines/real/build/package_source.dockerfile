# The tests' image with apt-get's source of packages in it, as there is no network, and with a user.
FROM BASE
RUN set -e; mkdir /repository; cd /repository; \
    for package in first=1:2 second=1 person=1; do \
        name=example-${package%=*}; \
        mkdir -p $name/DEBIAN; \
        printf '%s\n' "Package: $name" "Version: ${package#*=}" 'Architecture: all' \
            'Maintainer: Example <example@example.invalid>' 'Description: example' >$name/DEBIAN/control; \
        dpkg-deb --build $name $name.deb; \
        dpkg-deb --field $name.deb >>Packages; \
        printf '%s\n' "Filename: ./$name.deb" "Size: $(stat -c %s $name.deb)" \
            "SHA256: $(sha256sum <$name.deb | cut -d ' ' -f 1)" '' >>Packages; \
    done; \
    echo 'deb [trusted=yes] file:/repository ./' >/etc/apt/sources.list
USER 1234
